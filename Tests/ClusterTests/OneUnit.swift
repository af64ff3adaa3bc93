// A job of one unit at a queue that says what the test lets it say.

import Cluster
import Jobs

struct OneUnit {
    static let key = UnitKey(job: "J", unit: "whole")

    var state: ClusterState
    var now = 1_000
    private(set) var limits: ClusterLimits
    /// How the job ended.
    private(set) var end: ClusterEnd?
    /// What was sent, each with its record.
    private(set) var sent: [UnitRecord] = []
    /// What was put on record behind answers.
    private(set) var recorded: [UnitRecord] = []
    private(set) var cancelled: [String] = []
    private(set) var told: [String] = []
    private(set) var polls = 0

    init(
        times: TimeLadder = TimeLadder(), memorySteps: Int = 0, record: UnitRecord? = nil,
        limits: ClusterLimits = ClusterLimits()
    ) {
        self.limits = limits
        state = ClusterState(limits: limits)
        send(
            .began(
                job: "J", attempt: "A",
                [
                    UnitStart(
                        name: "whole", needs: [], memorySteps: memorySteps, times: times,
                        record: record)
                ]))
    }

    static func token(_ number: Int) -> UnitToken {
        UnitToken(attempt: "A", unit: "whole", number: number)
    }

    mutating func send(_ event: ClusterEvent) {
        for action in state.handle(event, now: now) {
            switch action {
            case .send(_, let record): sent.append(record)
            case .cancel(let ids): cancelled += ids
            case .finish(_, let end): self.end = end
            case .tell(_, let text): told.append(text)
            case .poll: polls += 1
            case .record(_, let record): recorded.append(record)
            case .counts, .over, .look, .alarm, .wake: break
            }
        }
    }

    /// The submit command answers.
    mutating func answer(_ number: Int, _ answer: SubmitAnswer) {
        send(.answered(Self.token(number), job: "J", answer))
    }

    /// The queue shows these tries, under their numbers as identifiers.
    mutating func see(_ tries: [(number: Int, word: QueueWord)], reason: String = "") {
        let sightings = tries.map {
            Sighting(
                id: "\($0.number)", token: "\(Self.token($0.number))", word: $0.word,
                reason: reason)
        }
        send(.polled(sightings, askedAt: now))
    }

    mutating func pass(milliseconds: Int) {
        now += milliseconds
        send(.ticked)
    }

    /// The present try is taken and runs.
    mutating func run() {
        let number = sent.last?.number ?? 0
        answer(number, .sent(id: "\(number)"))
        see([(number, .running)])
    }

    /// What the job failed of.
    var failure: ClusterFailure? {
        if case .failed(let failure) = end { failure } else { nil }
    }
}
