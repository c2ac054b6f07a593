"""The pay platform, APIv3."""
