"""image2: images through the task queue of kexiangai.com."""

__version__ = "1.1.0"
