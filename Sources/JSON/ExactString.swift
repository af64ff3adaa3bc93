// A string compared by its bytes. Swift's own == takes canonically equivalent spellings for one
// (a precomposed é and e with an accent), which two tensors or two JSON keys need not be.

/// A dictionary key that tells apart what the file tells apart.
package struct ExactString: Hashable, Sendable {
    package let string: String

    package init(_ string: String) { self.string = string }

    package static func == (left: Self, right: Self) -> Bool {
        left.string.utf8.elementsEqual(right.string.utf8)
    }

    /// Over eight bytes at a time: a string's own hash normalises first, which takes long beyond
    /// ASCII, and a vocabulary has a hundred thousand keys.
    package func hash(into hasher: inout Hasher) {
        var word: UInt64 = 0
        var count = 0
        for byte in string.utf8 {
            word = word << 8 | UInt64(byte)
            count += 1
            if count & 7 == 0 { hasher.combine(word) }
        }
        hasher.combine(word)
        hasher.combine(count)
    }

    /// Order of code points, as Python and Rust sort strings.
    package static func precedes(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }
}
