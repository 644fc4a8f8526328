"""Commands that only read: `ls`, `show`, `watch`, `journal tail`."""
