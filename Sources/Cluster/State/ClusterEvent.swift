// What the state of the cluster hears and what it answers.

package import Failures
package import Jobs

/// A unit of a job, by names.
package struct UnitKey: Sendable, Hashable, Comparable {
    package let job: String
    package let unit: String

    package init(job: String, unit: String) {
        self.job = job
        self.unit = unit
    }

    package static func < (left: UnitKey, right: UnitKey) -> Bool {
        (left.job, left.unit) < (right.job, right.unit)
    }
}

/// A unit as it enters: new, or with what is on record of it.
package struct UnitStart: Sendable, Hashable {
    package let name: String
    package let needs: [String]
    /// Classes of memory beyond the first that may be asked for.
    package let memorySteps: Int
    /// By what is known now.
    package let times: TimeLadder
    package let record: UnitRecord?

    package init(
        name: String, needs: [String], memorySteps: Int = 0, times: TimeLadder = TimeLadder(),
        record: UnitRecord? = nil
    ) {
        self.name = name
        self.needs = needs
        self.memorySteps = memorySteps
        self.times = times
        self.record = record
    }
}

/// What an attempt file says.
package enum UnitResult: Sendable, Hashable {
    case succeeded
    case failed(FailureWords)
    /// Its node has another program than the one that the request asks for, and did nothing.
    case otherProgram(FailureWords)
    /// - Parameter seconds: that its worker ran.
    case stopped(seconds: Double)
}

/// As `WorkerOutcome.Failure`, which is not hashable.
package struct FailureWords: Sendable, Hashable {
    package let failureClass: FailureClass
    package let message: String
    package let isDiskFull: Bool

    package init(_ failure: WorkerOutcome.Failure) {
        failureClass = failure.failureClass
        message = failure.message
        isDiskFull = failure.isDiskFull
    }
}

package enum ClusterEvent: Sendable, Hashable {
    /// A job's attempt enters, or is found at the start of the daemon. The last unit is the job.
    case began(job: String, attempt: String, [UnitStart])
    /// As found at the start of the daemon, of a job that nobody wants any more: nothing is sent,
    /// and what was is taken out of the queue.
    case abandoned(job: String, attempt: String, [UnitStart])
    /// What a try that is being sent asks for is a step of this: settings and what partitions
    /// give may be others than when the job entered. Told before its answer.
    case asking(UnitToken, job: String, TimeLadder)
    /// What came of `send`.
    case answered(UnitToken, job: String, SubmitAnswer)
    /// An answer of the queue, asked for at this time. Attempt files were looked for after it, and
    /// told of before this.
    case polled([Sighting], askedAt: Int)
    /// The queue gave no answer that counts.
    case pollFailed(String)
    /// A try has left something in the cache that its successor goes on behind. Told before its
    /// end is.
    case kept(UnitToken, job: String)
    /// An attempt file is there.
    case found(UnitToken, job: String, UnitResult)
    /// Somebody wants the job to end.
    case cancelled(job: String)
    /// Time has passed.
    case ticked
}

package enum ClusterAction: Sendable, Hashable {
    /// Put the record on disk, then send, then tell of the answer.
    case send(UnitKey, UnitRecord)
    /// Put the record on disk: the queue has answered.
    case record(UnitKey, UnitRecord)
    case cancel(ids: [String])
    /// The unit is done by this try: what it wrote is the unit's, and no other's is.
    case counts(UnitToken, job: String)
    /// By the queue's word nothing of this try runs any more. It is never said of a try whose node
    /// failed, or that the queue has forgotten: its worker may live on.
    case over(UnitToken, job: String)
    /// Ask the queue, then look for attempt files.
    case poll
    /// Look for attempt files.
    case look
    /// The job is over, and none of its units is in the queue.
    case finish(job: String, ClusterEnd)
    /// For who watches the job.
    case tell(job: String, String)
    /// The queue has not answered for long; nil: it does.
    case alarm(String?)
    case wake(at: Int)
}

package enum ClusterEnd: Sendable, Hashable {
    case succeeded
    case failed(ClusterFailure)
    case cancelled
}

/// Why a unit, and with it the job, cannot go on.
package enum ClusterFailure: Sendable, Hashable {
    /// By its attempt file.
    case unit(UnitKey, FailureWords)
    /// The queue would not take it.
    case refused(UnitKey, String)
    /// It ran out of memory, and there is no larger class.
    case memory(UnitKey)
    /// It kept nothing in the longest time that may be asked for.
    case time(UnitKey, TimeLadder)
    /// It ended so often without an attempt file.
    case lost(UnitKey, times: Int, String)
    /// It was interrupted so often.
    case interrupted(UnitKey, times: Int, String)
    /// Somebody else cancelled it in the queue.
    case cancelledInQueue(UnitKey, String)
    /// It was sent so often, and the queue showed none of these.
    case unsent(UnitKey, times: Int, String)
    /// The queue says that it can never start.
    case impossible(UnitKey, String)

    package var unit: UnitKey {
        switch self {
        case .unit(let key, _), .refused(let key, _), .memory(let key), .time(let key, _),
            .lost(let key, _, _), .interrupted(let key, _, _), .cancelledInQueue(let key, _),
            .unsent(let key, _, _), .impossible(let key, _):
            key
        }
    }
}

package struct ClusterLimits: Sendable, Hashable {
    /// In the queue at once.
    package var units = 200
    /// Submit commands at once.
    package var sendings = 4
    /// Submit commands that begin within `sendWindowMilliseconds`: a controller has others to hear.
    package var sendingsInWindow = 10
    package var sendWindowMilliseconds = 1_000
    package var pollMilliseconds = 30_000
    /// Between looks for attempt files.
    package var lookMilliseconds = 10_000
    /// Between two tries to get an answer, at most.
    package var backOffMilliseconds = 300_000
    /// How long an attempt file may come after the queue's word.
    package var fileMilliseconds = 120_000
    /// What the queue does not show for so long, in so many answers, is gone.
    package var absenceMilliseconds = 300_000
    package var absencePolls = 3
    /// What may have been sent and is not shown for so long counts as not sent; in as many answers.
    package var unsentMilliseconds = 60_000
    /// Sendings in a row that count as not sent.
    package var unsentMax = 5
    /// Without an answer for so long people are told.
    package var silenceMilliseconds = 7_200_000
    package var lostMax = 3
    package var interruptedMax = 20
    /// Tries in a row that met another program on their nodes: half an hour, in which head and
    /// nodes get the same.
    package var otherProgramMax = 8
    /// Delays after the queue would not take a unit now, or did not show what was sent, or its node
    /// had another program; the last one repeats.
    package var laterMilliseconds = [60_000, 120_000, 300_000]
    package var laterMax = 200

    package init() {}
}
