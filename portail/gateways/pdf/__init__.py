"""Every paper the portal prints, as tagged and archivable PDF: values in (`papers`), bytes out (`press`)."""
