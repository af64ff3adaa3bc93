// The plainest baseline.

extension MethodDeclaration {
    package static let reverse = Self(
        name: "reverse",
        summary: "Drops layers from the back.",
        source: "the baseline of arXiv 2406.16330, Tables 3 and 4",
        formula: "keep layers 0 ... L - k - 1")
}
