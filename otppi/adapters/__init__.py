"""One vendor or system facility per file; everything else meets them as Protocols of domain.ports."""
