"""Live figures: trained generators that draw networks in the reader's browser."""
