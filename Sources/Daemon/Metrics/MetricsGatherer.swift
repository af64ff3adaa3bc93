// All metrics at one moment: what was counted, and what is looked up. On a thread of its own: it
// asks disks, and neither the queue nor the sockets shall wait for them.

import Catalogue
import DurableIO
import HTTP
import Store
import SystemPackage

package actor MetricsGatherer {
    private let live: LiveConfiguration
    private let queue: JobQueue
    private let recorder: MetricsRecorder
    private var clients: (@Sendable () -> HTTPServer.Population)?
    private let startedAt: Int
    private nonisolated let executor = BlockingExecutor(label: "layerfoldd.metrics")

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    package init(_ live: LiveConfiguration, _ queue: JobQueue, _ recorder: MetricsRecorder) {
        self.live = live
        self.queue = queue
        self.recorder = recorder
        startedAt = live.current.clock.now()
    }

    /// Who is connected, once there is a server.
    func connect(_ clients: @escaping @Sendable () -> HTTPServer.Population) {
        self.clients = clients
    }

    func disconnect() { clients = nil }

    /// In the order of their names. What cannot be found out is left out rather than made up.
    package func families() async -> [MetricFamily] {
        var families = recorder.book.families + own() + disks()
        if let figures = try? await queue.figures() { families += Self.families(figures) }
        return families.sorted { $0.name < $1.name }
    }

    /// In the text format.
    package func text() async -> [UInt8] {
        Array(PrometheusText.render(await families()).utf8)
    }

    /// Tells of the room on the disk.
    func lookAtDisk(for witness: any Witness) {
        guard let room = try? DiskRoom(at: live.current.folders.state) else { return }
        witness.hear(.disk(freeBytes: room.freeBytes, isFull: !room.isThere))
    }

    private func own() -> [MetricFamily] {
        var families = [
            MetricFamily(
                "layerfold_build_info", .gauge, "The program; always 1.",
                [.init(labels: [.init("version", Product.version)], value: 1)]),
            .gauge(
                "layerfold_up_since_seconds", "When the daemon started, in seconds since 1970.",
                Double(startedAt) / 1_000),
        ]
        if let clients = clients?() {
            families.append(
                .gauge(
                    "layerfold_http_clients", "Connections with a request, and streams of events.",
                    by: "kind",
                    [
                        ("request", Double(clients.connections)),
                        ("stream", Double(clients.feeds)),
                    ]))
        }
        return families
    }

    private func disks() -> [MetricFamily] {
        let folders = live.current.folders
        var families: [MetricFamily] = []
        if let space = try? DiskSpace(at: folders.state) {
            families.append(
                .gauge(
                    "layerfold_disk_free_bytes", "Room on the disk of this folder.", by: "path",
                    [("state", Double(space.freeBytes))]))
        }
        let wal = FilePath(folders.index.string + "-wal")
        for (name, help, path) in [
            ("layerfold_db_size_bytes", "Size of the index.", folders.index),
            ("layerfold_db_wal_bytes", "Size of the index's log of writes.", wal),
        ] {
            guard let status = try? Syscalls.stat(path) else { continue }
            families.append(.gauge(name, help, Double(status.byteCount)))
        }
        let quarantine = folders.store.appending("quarantine")
        if let entries = try? DirectoryScan.entries(of: quarantine) {
            families.append(
                .gauge(
                    "layerfold_quarantined_objects",
                    "Objects of the store that were damaged and are kept aside.",
                    Double(entries.count)))
        }
        return families
    }

    private static func families(_ figures: JobQueue.Figures) -> [MetricFamily] {
        var workers: [MetricFamily.Sample] = []
        for backend in Occurrence.Backend.allCases {
            for isStopping in [false, true] {
                let kind = JobQueue.Figures.Workers(backend: backend, isStopping: isStopping)
                workers.append(
                    .init(
                        labels: [
                            .init("backend", backend.rawValue),
                            .init("state", isStopping ? "stopping" : "running"),
                        ], value: Double(figures.workers[kind] ?? 0)))
            }
        }
        var families = [
            MetricFamily.gauge(
                "layerfold_jobs", "Jobs that are known, by state.", by: "state",
                figures.jobs.sorted { $0.key < $1.key }.map { ($0.key, Double($0.value)) }),
            .gauge(
                "layerfold_oldest_queued_seconds",
                "How long the queued job has waited that waits for longest; 0 where none does.",
                figures.oldestQueuedSeconds ?? 0),
            MetricFamily("layerfold_workers", .gauge, "Workers by how they are run.", workers),
        ]
        if let silence = figures.silenceSeconds {
            families.append(
                .gauge(
                    "layerfold_worker_heartbeat_age_seconds_max",
                    "Since the worker was heard that has said nothing for longest.", silence))
        }
        return families
    }
}
