"""An endpoint declared once: body, result, errors and permission become validation, route and OpenAPI."""
