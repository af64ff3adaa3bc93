// What the kinds of layers of a model can be.

/// Which sequences of kinds a config.json can express.
package protocol LayerPatterns {
    /// The sequences of `count` kinds, each once, in a fixed order: one by one, since they can be
    /// tens of thousands. Those of more layers of a kind than the model has need not be there.
    func sequences(count: Int) -> AnySequence<[String]>
}

/// Programs that take what a layer is from its number count in periods of so many layers.
package struct LoaderPeriod: Sendable {
    package let layers: Int
    /// Whether plans keep to it unless they are told otherwise.
    package let isDefault: Bool
}

/// Kinds that begin anew after every period.
package struct PeriodicKinds: LayerPatterns {
    private let kinds: [String]

    /// nil where the layers have no such period themselves.
    package init?(_ period: LoaderPeriod?, of blueprint: ModelBlueprint) {
        guard let period else { return nil }
        let all = blueprint.layers.map(\.kind)
        kinds = Array(all.prefix(period.layers))
        let holds = all.indices.allSatisfy { all[$0] == all[$0 % period.layers] }
        guard holds, Set(kinds).count > 1 else { return nil }
    }

    package func sequences(count: Int) -> AnySequence<[String]> {
        AnySequence(CollectionOfOne((0..<count).map { kinds[$0 % kinds.count] }))
    }
}
