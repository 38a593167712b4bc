"""ai-nano-banana-ima: Nano Banana images through the Open API of IMA Studio."""

__version__ = "1.1.0"
