"""What every page is made with: templates, forms, words, and pages for what went wrong."""
