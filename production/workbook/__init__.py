"""Master data as one Excel workbook: written, read, compared with what stands, and put in whole or not at all."""
