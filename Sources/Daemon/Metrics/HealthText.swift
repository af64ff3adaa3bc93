// What `/healthz` says: whether the daemon does its work, in words that anybody may read. Paths and
// names stand in `layerfold doctor`, for who may connect as somebody. Pure.

package enum HealthText {
    /// What a topic means; nil for what is told to admins and keeps nobody's job from running.
    private static func meaning(_ topic: Health.Topic) -> String? {
        switch topic {
        case .index: "the index cannot be written"
        case .inbox: "files in the inbox are not taken as they should be"
        case .deployment: "something is wrong with the place that the daemon has"
        case .tokens: "tokens cannot be read, and let nobody in"
        // Jobs of this machine run, and those at the cluster are waited for.
        case .cluster: nil
        // Workers are children of the daemon then.
        case .workerSocket, .workerSocketPlace: nil
        case .adminGroup, .foreignFiles, .letters, .proxy, .settings, .trash, .uncounted: nil
        }
    }

    /// Why the daemon does not do all of its work; nothing where it does.
    package static func reasons(_ book: MetricsBook) -> [String] {
        var reasons = book.problems.filter(\.value).keys.sorted().compactMap(meaning)
        if book.isDiskFull { reasons.append("the disk is full") }
        if book.isStopping { reasons.append("the daemon is stopping") }
        return reasons
    }
}
