"""Land cover: a class for every pixel of a Sentinel-1 radar scene."""
