// How long a job will go on: what was predicted of the stages that are still to come, and of the
// present one what its progress tells.

/// Pure but for the caller's clock.
struct TimeLeft {
    private var stages: [(name: String, seconds: Double)]

    /// - Parameter stages: in order, from the cache or not.
    init(_ stages: [(name: String, seconds: Double)]) { self.stages = stages }

    /// What was predicted of the next stage of this name; nil where none is expected.
    func planned(_ name: String) -> Double? { stages.first { $0.name == name }?.seconds }

    /// The first stage of this name is over, however it went.
    mutating func end(_ name: String) {
        guard let place = stages.firstIndex(where: { $0.name == name }) else { return }
        stages.remove(at: place)
    }

    /// - Parameters:
    ///   - elapsed: since the present stage began.
    ///   - own: what its progress says that it still takes, where it does.
    func seconds(in name: String, elapsed: Double, own: Double?) -> Double {
        let place = stages.firstIndex { $0.name == name }
        let others = stages.indices.reduce(0) { $1 == place ? $0 : $0 + stages[$1].seconds }
        let predicted = place.map { max(0, stages[$0].seconds - elapsed) } ?? 0
        return others + (own ?? predicted)
    }
}
