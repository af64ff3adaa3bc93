// How often and how soon the queue tries a job, how many at once, and who waits for whom.

package import Jobs

package struct QueueLimits: Sendable, Hashable {
    /// Workers at once. One: a job uses all cores.
    package var slots = 1
    /// Jobs at the cluster at once, beside these.
    package var clusterSlots = 0
    /// Jobs beside these that a forecast says take at most `laneSecondsMax`.
    package var laneSlots = 1
    /// Of what is not in the cache. A minute: writing a model whose analysis is there.
    package var laneSecondsMax = 60.0
    /// Memory for all workers together, in bytes, by their plans.
    package var memoryBytes = Int.max
    /// A job whose worker died this often in a row is given up.
    package var lostMax = 3
    /// One that was lost this often, and the last time for a known reason (a crash, memory, no
    /// sign of work), is given up.
    package var diedMax = 2
    /// Delays before the second, third, ... try after a transient failure; when they are
    /// used up, the job has failed. Default: 1, 5 and 25 minutes.
    package var transientDelaysMilliseconds = [60_000, 300_000, 1_500_000]
    /// A job that is held for room is looked at this often; after the delays above, so that one
    /// that fills the disk itself does not do so all day.
    package var roomCheckMilliseconds = 60_000
    /// Use of the server counts half after this time. Default: 7 days.
    package var shareHalfLifeMilliseconds = 7 * 86_400_000
    /// Who has waited longer than this is overdue. Default: a day.
    package var overdueMilliseconds = 86_400_000
    /// Every so many starts, one is given to the job that is overdue for longest: nothing waits for
    /// ever, and many overdue jobs of one user still leave most of the server to others.
    package var overdueEvery = 4
    /// Forecasts that are made ahead for the jobs of one user which wait.
    package var plansAheadMax = 4

    package init() {}

    /// - Parameter machineBytes: memory of the machine; an eighth is left to others where nobody
    ///   said how much workers may take.
    package init(_ settings: ServerSettings, machineBytes: Int) {
        if let workers = settings.workers { slots = workers }
        // Where there is no cluster any more, such a job is started to say so.
        clusterSlots = settings.cluster?.jobs ?? 1
        memoryBytes = settings.memoryBytes ?? machineBytes - machineBytes / 8
        if let days = settings.shareHalfLifeDays {
            shareHalfLifeMilliseconds = Int(days * 86_400_000)
        }
    }
}
