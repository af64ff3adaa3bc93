// Whole numbers that stop at their ends instead of trapping: of what others say, such as the size of
// a sparse file.

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

    /// The sum, or the end that it lies beyond.
    package func addingSaturating(_ other: Int) -> Int {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }
}
