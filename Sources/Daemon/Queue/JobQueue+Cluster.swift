// Jobs at the cluster, as the queue sees them: attempts by another kind of worker, which no restart
// of the daemon ends.

import Cluster
import DurableIO
import Failures
import Foundation
import Jobs
import Logging
import Store
import SystemPackage

extension JobQueue {
    /// Where a job runs, by its manifest or the settings.
    func isRemote(_ record: JobRecord) -> Bool {
        (record.description.runOn ?? configuration.runOn) == .slurm
    }

    /// Whether units of the job may be at the cluster, whoever sent them.
    func isAtCluster(_ id: String) -> Bool {
        UnitFolders(JobFolder(folders.job(id))).mayBeOut
    }

    /// Runs an attempt at the cluster to its end.
    func runRemotely(
        _ request: WorkerRequest, stop: StopSwitch,
        onLine: @escaping @Sendable (ProgressLine) async -> Void
    ) async -> WorkerEnding {
        // A job that is there already was cut, and one that is to end is not.
        let isCut = UnitFolders(request).goesOn || stop.isStopping
        let forecast = isCut ? nil : await clusterForecast(request, stop)
        return await cluster.run(request, forecast: forecast, stop: stop, onLine: onLine)
    }

    /// One at a time: each reads a whole model where nobody has done so before.
    private func clusterForecast(
        _ request: WorkerRequest, _ stop: StopSwitch
    ) async -> ClusterForecast? {
        // Who ends the daemon looks at the last plan once. The cluster has been told by now: the
        // job is not cut without one.
        guard !state.isDraining else { return nil }
        let before = clusterPlanning
        let task = Task { [forecaster, logger] () -> ClusterForecast? in
            // Who cancels the last one cancels all.
            _ = await withTaskCancellationHandler {
                await before?.value
            } onCancel: {
                before?.cancel()
            }
            // Nobody waits for it any more.
            guard !stop.isStopping, !Task.isCancelled else { return nil }
            do {
                let data = try await forecaster.forecast(
                    request.description, for: request.submitter, isAhead: true)
                return try JSONDecoder().decode(ClusterForecast.self, from: data)
            } catch {
                if Task.isCancelled { return nil }
                logger.warning(
                    "a job is cut for the cluster without a forecast",
                    metadata: [
                        "job": "\(request.job)", "reason": "\(FaultText.describe(error))",
                    ])
                return nil
            }
        }
        clusterPlanning = task
        return await task.value
    }

    /// Goes on with a job that was sent before; one that is being cancelled is taken out of
    /// the queue first, and only then cancelled.
    func adoptRemote(_ entry: QueueState.Entry, _ attempt: AttemptRow?) {
        guard let record = live[entry.id]?.record else { return }
        logger.notice(
            "taking over a job at the cluster", metadata: ["job": "\(entry.id)"])
        let stop = StopSwitch()
        if entry.state == .cancelling { stop.stop() }
        live[entry.id]?.attempt = attempt
        live[entry.id]?.stop = stop
        progress[entry.id] = ProgressHistory(file: JobFolder(folders.job(entry.id)).progress)
        var request = request(record, attempt: attempt?.id ?? record.id)
        Task {
            request.submitter = await submitter(of: record, stop)
            let ending = await runRemotely(
                request, stop: stop,
                onLine: { await self.workerSaid($0, entry.id, attempt: entry.attempt) })
            workerEnded(entry.id, attempt: entry.attempt, ending)
        }
    }

    /// Goes on with a job that was cancelled just when its attempt could not begin, where it may
    /// have units at the cluster: it is cancelled when they are taken out.
    /// - Returns: whether it goes on.
    func isTakenOut(_ id: String) -> Bool {
        guard let entry = state.entries[id], entry.state == .cancelling, entry.isRemote,
            isAtCluster(id)
        else { return false }
        adoptRemote(entry, live[id]?.attempt)
        return true
    }

    /// Takes what finished jobs have in the queue out of it: they failed while the settings had no
    /// cluster, or their folders could not be read. Nobody else looks for it.
    func takeOutOrphans() {
        guard configuration.cluster != nil else { return }
        for entry in (try? DirectoryScan.entries(of: folders.jobs)) ?? [] {
            let id = entry.name.string
            guard entry.kind == .folder, JobIdentifier.isValid(id), live[id] == nil,
                isAtCluster(id)
            else { continue }
            do {
                guard let record = try JobFolder(folders.job(id)).record() else { continue }
                logger.notice(
                    "taking what a finished job has at the cluster out of the queue",
                    metadata: ["job": "\(id)"])
                let request = request(record, attempt: record.id)
                Task { [cluster] in await cluster.takeOut(request) }
            } catch {
                logger.warning(
                    "what a finished job has at the cluster stays there",
                    metadata: ["job": "\(id)", "reason": "\(FaultText.describe(error))"])
            }
        }
    }

    /// Waits until the directory answers: without an owner's rights nothing is sent for her. A job
    /// that is to end sends nothing, and needs none.
    private func submitter(of record: JobRecord, _ stop: StopSwitch) async -> Submitter {
        let pause = Duration.seconds(10)
        var isTold = false
        while !stop.isStopping {
            do { return try await submitters.find(record.owner) } catch {
                if !isTold {
                    logger.warning(
                        "a job at the cluster waits",
                        metadata: [
                            "job": "\(record.id)", "reason": "\(FaultText.describe(error))",
                        ])
                }
                isTold = true
                do { try await configuration.clock.sleep(pause) } catch { break }
            }
        }
        return Submitter(user: record.owner, groups: [])
    }

    /// What a worker is asked for, but for whom it reads.
    func request(_ record: JobRecord, attempt: String) -> WorkerRequest {
        WorkerRequest(
            job: record.id, attempt: attempt, stateDirectory: folders.state.string,
            jobDirectory: folders.job(record.id).string,
            modelRoots: configuration.modelRoots.map(\.string),
            dataRoots: configuration.dataRoots.map(\.string),
            resultsDirectory: folders.results.appending(record.partialResultsName).string,
            description: record.description.withoutNotify)
    }
}
