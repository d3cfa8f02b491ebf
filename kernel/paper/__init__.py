"""What goes out on paper: a page from a template and typed data, a code to check it by, and a signature that shows every change."""
