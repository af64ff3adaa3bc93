// Layers in the order of how well the model does without them.

/// Layers in the order in which they go, with the loss after each.
package struct RemovalOrder: Sendable, Equatable, Codable {
    /// A layer that goes.
    package struct Step: Sendable, Equatable, Codable {
        package var layer: Int
        /// Mean loss in nats per token, without this layer and those before it.
        package var loss: Double

        package init(layer: Int, loss: Double) {
            self.layer = layer
            self.loss = loss
        }
    }

    /// Loss of the whole model.
    package var originalLoss: Double
    package var steps: [Step]

    package init(originalLoss: Double, steps: [Step]) {
        self.originalLoss = originalLoss
        self.steps = steps
    }

    /// The layers left after `count` steps, ascending.
    package func kept(removing count: Int, of layers: Int) -> [Int] {
        let gone = Set(steps.prefix(count).map(\.layer))
        return (0..<layers).filter { !gone.contains($0) }
    }
}
