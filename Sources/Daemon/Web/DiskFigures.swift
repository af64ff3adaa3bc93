// Disk and cache in figures, for the first page: the cache is counted beside, now and then, as it
// may have many thousands of files.

import DurableIO
import Pages
import Synchronization
import SystemPackage

final class DiskFigures: Sendable {
    private struct Known {
        var bytes: Int?
        var at = 0
        var isCounting = false
    }

    /// Counts on a thread of its own.
    private actor Counter {
        private nonisolated let executor = BlockingExecutor(label: "layerfoldd.disk")

        nonisolated var unownedExecutor: UnownedSerialExecutor {
            unsafe executor.asUnownedSerialExecutor()
        }

        func count(_ folder: FilePath) -> Int { FolderTree.byteCount(of: folder) }
    }

    private static let freshMilliseconds = 60_000

    private let folders: StateFolders
    private let uptime: @Sendable () -> Int
    private let counter = Counter()
    private let known = Mutex(Known())

    init(folders: StateFolders, uptime: @escaping @Sendable () -> Int) {
        self.folders = folders
        self.uptime = uptime
    }

    /// What is known now; nil where the file system does not say. Waits for no count.
    func look() -> HomePage.Disk? {
        guard let space = try? DiskSpace(at: folders.state) else { return nil }
        let now = uptime()
        let (bytes, isDue) = known.withLock { known in
            let isOld = known.bytes == nil || now - known.at > Self.freshMilliseconds
            let isDue = isOld && !known.isCounting
            if isDue { known.isCounting = true }
            return (known.bytes, isDue)
        }
        if isDue { count() }
        return HomePage.Disk(
            freeBytes: space.freeBytes, totalBytes: space.totalBytes, cacheBytes: bytes)
    }

    private func count() {
        Task {
            let bytes = await counter.count(folders.store)
            known.withLock { $0 = Known(bytes: bytes, at: uptime()) }
        }
    }
}
