"""The test kit: `kit` is a pytest plugin with a whole desk in it, `conformance` the tests every plugin has to pass.

`local_mail` is a mail server for tests and the demo.
"""
