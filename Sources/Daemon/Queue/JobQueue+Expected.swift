// Asking the queue when its jobs will start.

import Jobs

extension JobQueue {
    /// When each queued job is expected to start, in milliseconds since 1970; those of which
    /// nothing is known are left out, and those of a cluster. Delays, memory and the lane for short
    /// jobs are left aside.
    package func expectedStarts() -> [String: Int] {
        let (wall, uptime) = (configuration.clock.now(), configuration.clock.uptime())
        let running = state.running.compactMap { state.entries[$0] }.filter {
            !$0.isInLane && !$0.isRemote
        }
        // Plans are made of the first few only; what comes far behind them is not known anyway.
        let placesMax = 200
        let first = startPlaces().filter {
            $0.value < placesMax && state.entries[$0.key]?.isRemote == false
        }
        let waiting = first.sorted { $0.value < $1.value }.map { id, _ in
            ExpectedStarts.Waiting(id: id, seconds: state.entries[id]?.plan?.seconds)
        }
        return ExpectedStarts.seconds(
            running: running.map { secondsLeft(of: $0, uptime: uptime) }, waiting: waiting,
            slots: state.limits.slots
        ).mapValues { wall + Int(min($0, 1e9) * 1_000) }
    }

    /// As its worker said last, or as its plan has it.
    private func secondsLeft(of entry: QueueState.Entry, uptime: Int) -> Double? {
        if case .progress(let line) = progress[entry.id]?.last, let left = line.jobSecondsLeft {
            return left
        }
        guard let plan = entry.plan, let startedAt = entry.startedAt else { return nil }
        return max(0, plan.seconds - Double(uptime - startedAt) / 1_000)
    }
}
