from .delta import Delta, Posted, Share, Slot, Target, deltas, first_open_date, is_reduction
