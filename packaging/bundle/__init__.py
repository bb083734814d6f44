"""Programs for people without Python: one folder, packed as each system expects it.

packaging/dev.py bundle            what this system's people expect, into build/bundle
packaging/dev.py bundle folder     only the folder, which is quick to make and to try
"""
