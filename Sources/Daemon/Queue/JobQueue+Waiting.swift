// What the queue waits for: time, room on the disk, owners, forecasts. And what each user has used.

import Failures
package import Foundation
import Jobs
import Logging
import Store

extension JobQueue {
    // MARK: Room

    /// Answers `checkRoom` once the present event is done with.
    func checkRoom(_ id: String, _ hold: HoldReason) {
        let now = configuration.clock.uptime()
        Task {
            if hold == .quota { await countForRoom(now: now) }
            process(.roomChecked(id: id, isThere: isThereRoom(id, hold)))
        }
    }

    private func isThereRoom(_ id: String, _ hold: HoldReason) -> Bool {
        switch hold {
        case .quota: isThereQuota(for: id)
        case .disk: (try? DiskRoom(at: folders.state))?.isThere ?? false
        case .user, .admin: false
        }
    }

    /// What is told of a job that found the disk full.
    func fullDisk(_ failure: String) -> String {
        (try? DiskRoom(at: folders.state))?.reason(failure) ?? failure
    }

    // MARK: Owners

    /// Answers `askOwner`. A late answer is as good as one to the next question.
    func askOwner(_ id: String) {
        guard let owner = live[id]?.record.owner else { return }
        Task {
            let isKnown = (try? await submitters.find(owner)) != nil
            process(.ownerAsked(id: id, isKnown: isKnown))
        }
    }

    // MARK: Forecasts

    /// Makes forecasts of jobs that wait, one at a time, as long as one would help.
    func planAhead() {
        guard planning == nil, isStarted, nextToPlan != nil else { return }
        planning = Task {
            // Most queues are empty again by then.
            let wait = configuration.limits.slots > 1 ? .zero : configuration.planPatience
            do { try await configuration.clock.sleep(wait) } catch { return }
            guard let id = nextToPlan, let record = live[id]?.record else {
                planning = nil
                return
            }
            let answer: Data?
            do { answer = try await forecast(of: record) } catch {
                // It says nothing of the job: asked again, and not at once.
                planning = nil
                return passOver(record.owner)
            }
            planning = nil
            // Who stops a forecast stops the daemon.
            if Task.isCancelled { return }
            // Once it runs, its worker keeps a plan of its own.
            if let answer, state.isWaiting(id) { JobFolder(folders.job(id)).keep(plan: answer) }
            process(.planned(id: id, answer.flatMap(JobPlan.init(forecast:))))
        }
    }

    private var nextToPlan: String? {
        state.nextToPlan(
            now: configuration.clock.uptime(), passingOver: Set(unknownOwners.keys))
    }

    /// Goes on with the jobs of others; this owner is asked for again after a while.
    private func passOver(_ owner: Int) {
        let pause = configuration.limits.roomCheckMilliseconds
        unknownOwners[owner] = configuration.clock.uptime() + pause
        lookForUnknown()
        planAhead()
    }

    /// Sees to it that owners who are passed over are asked for again when it is time.
    private func lookForUnknown() {
        guard unknownLook == nil, !state.isDraining, let next = unknownOwners.values.min() else {
            return
        }
        let delay = max(0, next - configuration.clock.uptime())
        unknownLook = Task {
            do { try await configuration.clock.sleep(.milliseconds(delay)) } catch { return }
            unknownLook = nil
            let now = configuration.clock.uptime()
            unknownOwners = unknownOwners.filter { $0.value > now }
            lookForUnknown()
            planAhead()
        }
    }

    /// - Returns: Nil where none is to be had: the job then runs alone.
    /// - Throws: where nobody can tell now what the owner may read.
    private func forecast(of record: JobRecord) async throws(Submitters.Unknown) -> Data? {
        do {
            return try await forecaster.forecast(
                record.description, for: try await submitters.find(record.owner), isAhead: true)
        } catch let error as Submitters.Unknown {
            throw error
        } catch {
            if !Task.isCancelled {
                logger.notice(
                    "no forecast: the job will run alone",
                    metadata: ["job": "\(record.id)", "reason": "\(FaultText.describe(error))"])
            }
            return nil
        }
    }

    // MARK: Shares

    /// What everybody has used, as far as anything tells.
    func restoreShares() throws {
        let wall = configuration.clock.now()
        let halfLife = configuration.limits.shareHalfLifeMilliseconds
        var rows = try index.usage()
        if rows.isEmpty { rows = try index.usageOfAttempts() + usageOfFolders }
        var seconds: [Int: Double] = [:]
        for row in rows {
            let rest = Shares.rest(after: wall - row.asOf, halfLife: halfLife)
            seconds[row.owner, default: 0] += row.seconds * rest
        }
        usageOfFolders = []
        state.shares = Shares(
            halfLifeMilliseconds: halfLife, seconds: seconds, now: configuration.clock.uptime())
    }

    /// What the user of the job has used by now.
    func usage(of id: String, in state: QueueState) -> UsageRow? {
        guard let owner = live[id]?.record.owner else { return nil }
        let used = state.shares.used(by: owner, now: configuration.clock.uptime())
        return UsageRow(owner: owner, seconds: used, asOf: configuration.clock.now())
    }
}

extension JobPlan {
    /// - Parameter forecast: the JSON of `layerfold plan --json`.
    /// - Returns: Nil where it does not say how long the job takes.
    package init?(forecast: Data) {
        struct Forecast: Decodable {
            let seconds: Double?
            let peakBytes: Int?

            enum CodingKeys: String, CodingKey {
                case seconds
                case peakBytes = "peak_bytes"
            }
        }
        guard let read = try? JSONDecoder().decode(Forecast.self, from: forecast),
            let seconds = read.seconds, seconds.isFinite, let peak = read.peakBytes, peak >= 0
        else { return nil }
        self.init(peakBytes: peak, seconds: seconds)
    }
}
