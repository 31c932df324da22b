"""The parts of the boot-test runner; tests/boot/run puts them together."""
