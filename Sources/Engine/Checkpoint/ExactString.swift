// A string compared by its bytes. Swift's own == takes canonically equivalent spellings for one
// (a precomposed é and e with an accent), which two tensors or two JSON keys need not be.

/// A dictionary key that tells apart what the file tells apart.
struct ExactString: Hashable, Sendable {
    let string: String

    init(_ string: String) { self.string = string }

    static func == (left: Self, right: Self) -> Bool {
        left.string.utf8.elementsEqual(right.string.utf8)
    }

    /// Strings of equal bytes are equal strings, so the string's own hash will do.
    func hash(into hasher: inout Hasher) { hasher.combine(string) }

    /// Order of code points, as Python and Rust sort strings.
    static func precedes(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }
}
