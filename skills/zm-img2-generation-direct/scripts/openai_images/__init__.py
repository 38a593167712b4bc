"""zm-img2-generation-direct: pictures through an OpenAI-compatible images API."""

__version__ = "1.1.0"
