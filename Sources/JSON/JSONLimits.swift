// How much of a document is read. Each kind of document declares its own limits where it is read.

/// Bounds that a document must keep; what is beyond them is refused before it takes memory.
package struct JSONLimits: Sendable {
    package let bytes: Int
    /// Lists and objects within one another.
    package let depth: Int
    /// Values of any kind, each element and member counted.
    package let values: Int

    package init(bytes: Int, depth: Int = 64, values: Int = .max) {
        self.bytes = bytes
        self.depth = depth
        self.values = values
    }
}
