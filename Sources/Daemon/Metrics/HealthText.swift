// What `/healthz` says: whether the daemon does its work, in words that anybody may read. Paths and
// names stand in `layerfold doctor`, for who may connect as somebody. Pure.

package enum HealthText {
    /// Topics of `Health`, and of the queue, with what they mean; nil for what is told to admins
    /// and keeps nobody's job from running.
    private static let meanings: [String: String?] = [
        "index": "the index cannot be written",
        "inbox": "files in the inbox are not taken as they should be",
        "deployment": "something is wrong with the place that the daemon has",
        "foreign files": nil,
        "proxy": nil,
        "settings": nil,
        "tokens": "tokens cannot be read, and let nobody in",
        "worker socket": nil,
    ]

    static let topics = meanings.keys.sorted()

    /// Why the daemon does not do all of its work; nothing where it does.
    package static func reasons(_ book: MetricsBook) -> [String] {
        var reasons: [String] = []
        for (topic, isWrong) in book.problems.sorted(by: { $0.key < $1.key }) where isWrong {
            guard let meaning = meanings[topic] else {
                reasons.append("something is wrong: \(topic)")
                continue
            }
            if let meaning { reasons.append(meaning) }
        }
        if book.isDiskFull { reasons.append("the disk is full") }
        if book.isStopping { reasons.append("the daemon is stopping") }
        return reasons
    }
}
