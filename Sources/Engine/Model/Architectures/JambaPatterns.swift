// Which sequences of kinds a Jamba can have: its config.json places attention and experts each by a
// period and an offset.

import Checkpoint

/// Attention and experts each by a pattern, in every combination for which the model has layers
/// enough of each kind.
struct JambaPatterns: LayerPatterns {
    /// Of the layers that neither attend nor have experts, that have experts, that attend, that do
    /// both: `index`.
    private var kinds = [String](repeating: "", count: 4)
    /// How many there are, likewise.
    private var available = [Int](repeating: 0, count: 4)

    private static func index(attends: Bool, routes: Bool) -> Int {
        (attends ? 2 : 0) + (routes ? 1 : 0)
    }

    init(_ blueprint: ModelBlueprint) {
        for layer in blueprint.layers {
            let routes = if case .experts = layer.feedForward { true } else { false }
            let index = Self.index(attends: layer.attends, routes: routes)
            kinds[index] = layer.kind
            available[index] += 1
        }
    }

    func sequences(count: Int) -> AnySequence<[String]> {
        let patterns = LayerPattern.distinct(count: count)
        func fitting(_ held: Int, _ others: Int) -> [LayerPattern] {
            patterns.filter { $0.count(of: count) <= held && count - $0.count(of: count) <= others }
        }
        let attending = fitting(available[2] + available[3], available[0] + available[1])
        let routing = fitting(available[1] + available[3], available[0] + available[2])
        return AnySequence(
            attending.lazy.flatMap { attends in
                routing.lazy.compactMap { routes in sequence(attends, routes, count: count) }
            })
    }

    /// nil where the model has too few layers of a kind.
    private func sequence(
        _ attends: LayerPattern, _ routes: LayerPattern, count: Int
    ) -> [String]? {
        func index(_ layer: Int) -> Int {
            Self.index(attends: attends.holds(layer), routes: routes.holds(layer))
        }
        var left = available
        for layer in 0..<count {
            guard left[index(layer)] > 0 else { return nil }
            left[index(layer)] -= 1
        }
        return (0..<count).map { kinds[index($0)] }
    }
}

/// Layers i with i % period == offset.
struct LayerPattern: Equatable {
    var period: Int
    var offset: Int

    init(
        _ config: ModelConfig, period: String, offset: String, default values: (Int, Int)
    ) throws {
        self.period = try config.count(period, default: values.0)
        self.offset = try config.index(offset, default: values.1)
    }

    /// The pattern with the smallest period that gives exactly `flags`; nil if none does.
    init?(fitting flags: [Bool]) {
        for period in 1...flags.count + 1 {
            for offset in 0..<period
            where flags.indices.allSatisfy({ flags[$0] == ($0 % period == offset) }) {
                self.period = period
                self.offset = offset
                return
            }
        }
        return nil
    }

    private init(period: Int, offset: Int) {
        self.period = period
        self.offset = offset
    }

    /// The patterns that differ among `count` layers, each by its smallest period: those of two
    /// layers or more, those of one, and the one of none; ascending periods, then offsets.
    static func distinct(count: Int) -> [LayerPattern] {
        (1...count + 1).flatMap { period in
            (0..<period).lazy.filter { offset in
                let holdsTwo = offset + period < count
                let isSmallest = period == max(offset + 1, count - offset)
                return holdsTwo || isSmallest || offset == count
            }.map { LayerPattern(period: period, offset: $0) }
        }
    }

    func holds(_ layer: Int) -> Bool { layer % period == offset }

    /// How many of the first `layers` it holds.
    func count(of layers: Int) -> Int {
        layers > offset ? (layers - offset + period - 1) / period : 0
    }
}
