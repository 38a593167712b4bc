"""generator-image: images and clips through the agent of NemoVideo, in sessions."""

__version__ = "1.1.0"
