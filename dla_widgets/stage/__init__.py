"""Live demos: explorers full screen in a browser, step by step. Importing this package imports nothing."""
