// How often and how soon the queue tries a job, and how many at once.

package struct QueueLimits: Sendable, Hashable {
    /// Workers at once. One: a job uses all cores.
    package var slots = 1
    /// A job whose worker died this often in a row is given up.
    package var lostMax = 3
    /// One that was lost this often, and the last time for a known reason (a crash, memory, no
    /// sign of work), is given up.
    package var diedMax = 2
    /// Delays before the second, third, ... try after a transient failure; when they are
    /// used up, the job has failed. Default: 1, 5 and 25 minutes.
    package var transientDelaysMilliseconds = [60_000, 300_000, 1_500_000]

    package init() {}
}
