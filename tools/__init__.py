"""What ``./suite`` is made of; standard library only, so that it starts on a bare machine."""
