// What a process may hold, read from the kernel's words as people set them.

import Runner
import Testing

@Suite struct MemoryLimitTests {
    private static let meminfo = "MemTotal:       1000 kB\nMemFree:  7 kB\n"

    private static func least(_ files: [String: String]) -> MemoryLimit? {
        MemoryLimit.least { files[$0] }
    }

    @Test("without any other limit it is the machine's memory; nothing where nothing is known")
    func machine() {
        #expect(Self.least([:]) == nil)
        #expect(Self.least(["/proc/meminfo": "no such line"]) == nil)
        let found = Self.least([
            "/proc/meminfo": Self.meminfo, "/proc/self/cgroup": "0::/\n",
            "/sys/fs/cgroup/memory.max": "max\n",
        ])
        #expect(found?.bytes == 1_024_000)
        #expect(found?.origin == "this machine has")
    }

    @Test("a control group's limit counts, and that of every group above it, in both versions")
    func controlGroups() {
        let second = "0::/system.slice/layerfoldd.service\n"
        for group in ["", "/system.slice", "/system.slice/layerfoldd.service"] {
            let found = Self.least([
                "/proc/meminfo": Self.meminfo, "/proc/self/cgroup": second,
                "/sys/fs/cgroup\(group)/memory.max": "4096\n",
            ])
            #expect(found?.bytes == 4096, "\(group)")
            #expect(found?.origin.contains("MemoryMax=") == true)
        }
        let first = "9:cpu:/a\n4:cpuset,memory:/a/b\n0::/\n"
        func bytes(_ limit: String) -> Int? {
            Self.least([
                "/proc/meminfo": Self.meminfo, "/proc/self/cgroup": first,
                "/sys/fs/cgroup/memory/a/memory.limit_in_bytes": limit,
            ])?.bytes
        }
        #expect(bytes("8192\n") == 8192)
        #expect(bytes("9223372036854771712\n") == 1_024_000)
        #expect(bytes("") == 1_024_000)
    }

    @Test("this machine has some")
    func real() throws {
        #expect(try #require(MemoryLimit.current()).bytes > 64 << 20)
    }
}
