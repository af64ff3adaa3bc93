// Whole numbers that stop at their ends instead of trapping: of what others say, such as the size
// of a sparse file.

extension Int {
    /// Towards zero; the nearest there is of what is too large or too small, 0 of what is no
    /// number.
    package init(saturating value: Double) {
        if value.isNaN {
            self = 0
        } else if value >= 0x1p63 {
            self = .max
        } else if value <= -0x1p63 {
            self = .min
        } else {
            self = Int(value)
        }
    }
}
