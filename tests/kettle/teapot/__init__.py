"""paper-kettle: images of tea."""

__version__ = "1.0.0"
