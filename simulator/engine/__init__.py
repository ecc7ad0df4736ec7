"""The decisions of one cycle: observe, intend, guard, match, diff, act, record, watermark. Pure generators."""
