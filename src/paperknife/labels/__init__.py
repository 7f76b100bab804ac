"""Labels for training without anyone's word: soft, with weights, and with a diagnosis of what they rest on.

Three sources, one module each: `votes` (small rules that say machine or person), `excess_hazard` (what is
left of Apple's fetches after taking away people's reading), `click_dating` (a click says when a reading was).
`soft_labels` puts them together, `clues` and `machine_clues` lay what each says side by side, with what is believed of
the open's `kin`, and `label_model` says what that is worth beside the model that training starts from (learned on
simulated senders, where the truth is known). `gates` says where a log does not support them. Nothing that scores may
import this package.
"""
