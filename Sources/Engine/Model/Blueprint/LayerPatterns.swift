// What the kinds of layers of a model can be.

/// Which sequences of kinds a config.json can express.
package protocol LayerPatterns {
    /// All sequences of `count` kinds, in a fixed order.
    func sequences(count: Int) -> [[String]]
}
