// Sums of what users say, or make their files seem: a file with holes takes nothing and may be
// nearly as large as an `Int`. Two of them are no reason to end.

extension Int {
    /// The sum, or the number nearest to it.
    package func addingClamped(_ other: Int) -> Int {
        let (sum, overflow) = addingReportingOverflow(other)
        guard overflow else { return sum }
        return other < 0 ? .min : .max
    }
}
