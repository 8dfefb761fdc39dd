"""What both projects show things with. Importing this package imports no front-end library."""
