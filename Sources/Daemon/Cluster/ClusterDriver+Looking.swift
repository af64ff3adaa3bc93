// What is asked of the queue, and looked for in the folders of jobs.

import Cluster
import Jobs

extension ClusterDriver {
    func poll() {
        guard let cluster = configuration.cluster else {
            return process(.pollFailed("the settings have no `cluster`"))
        }
        let askedAt = configuration.clock.uptime()
        let asker = cluster.asker
        Task {
            let reply = await asker.ask(.list)
            self.polled(reply, askedAt: askedAt)
        }
    }

    private func polled(_ reply: CommandReply, askedAt: Int) {
        guard reply.code == 0 else {
            let words = reply.errors.isEmpty ? "it gave no answer" : reply.errors
            return process(.pollFailed(String(words.prefix(500))))
        }
        do {
            let sightings = try QueueAnswer.parse(reply.output)
            // The file is the truth: what is there by now counts before the queue's word.
            look()
            process(.polled(sightings, askedAt: askedAt))
        } catch {
            process(.pollFailed("\(error)"))
        }
    }

    /// Looks for attempt files, and at what workers say.
    func look() {
        for (name, job) in jobs {
            let known = Set(job.known.keys)
            // Folders of units that were never sent hold nothing.
            for entry in state.entries(of: name) where entry.phase != .done && entry.mayHaveRun {
                let found = job.folders.outcomes(
                    entry.key.unit, entry.attempt, besides: known)
                noteKept(entry.token, found.last?.outcome, of: name)
                for (token, outcome) in found {
                    jobs[name]?.known.updateValue(outcome.numerics, forKey: token)
                    process(.found(token, job: name, UnitResult(outcome)))
                }
                if case .sent = entry.phase { hear(entry.token, of: name) }
            }
        }
    }

    /// Tells, once, that a try has left something in the cache: before its end is told, which is
    /// judged by this.
    private func noteKept(_ token: UnitToken, _ outcome: UnitOutcome?, of name: String) {
        guard let job = jobs[name], !job.kept.contains(token) else { return }
        let isSaid = outcome?.token == "\(token)" && outcome?.kept ?? 0 > 0
        guard isSaid || tryFolders(job, token).hasKept else { return }
        jobs[name]?.kept.insert(token)
        process(.kept(token, job: name))
    }
}
