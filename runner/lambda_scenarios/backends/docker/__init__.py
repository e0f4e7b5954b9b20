"""Workers as containers, through the Docker SDK. Begin with `engine`."""
