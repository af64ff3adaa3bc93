// How long units may run: asked of the queue now and then, since a unit that asks for more than its
// partition gives is refused, or waits for ever.

import Cluster
import Jobs
import Logging

extension ClusterDriver {
    private static let freshMilliseconds = 3_600_000
    /// After an answer that did not come.
    private static let retryMilliseconds = 300_000

    /// Asks what partitions give, unless that was done lately, and waits for the answer; who comes
    /// meanwhile waits for the same. Where none comes, what was known before counts on.
    func learnTimes() async {
        if let timesTask { return await timesTask.value }
        let now = configuration.clock.uptime()
        guard !isStopped, let cluster = configuration.cluster, now >= timesDueAt else { return }
        let asker = cluster.asker
        let task = Task {
            let reply = await asker.ask(.limits)
            self.learned(reply)
        }
        timesTask = task
        await task.value
    }

    private func learned(_ reply: CommandReply) {
        timesTask = nil
        let now = configuration.clock.uptime()
        guard reply.code == 0 else {
            timesDueAt = now + Self.retryMilliseconds
            return logger.info(
                "how long units may run is not known",
                metadata: ["reason": "\(reply.errors.prefix(500))"])
        }
        timesDueAt = now + Self.freshMilliseconds
        times = PartitionTimes(listing: reply.output)
    }
}
