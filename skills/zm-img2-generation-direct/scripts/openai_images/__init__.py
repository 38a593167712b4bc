"""zm-img2-generation-direct: images through an OpenAI-compatible images API."""

__version__ = "1.1.0"
