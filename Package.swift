// swift-tools-version: 6.2
import PackageDescription

// The target graph, lowest level first. A target imports only what its row names:
// `swift build --explicit-target-dependency-import-check error` holds that.

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    // `any P` is written out, so that dynamic dispatch is visible.
    .enableUpcomingFeature("ExistentialAny"),
    // A member is found only through an import of this file.
    .enableUpcomingFeature("MemberImportVisibility"),
    // An import leaks into a signature only where it says `package import`.
    .enableUpcomingFeature("InternalImportsByDefault"),
    // An async function stays on its caller's executor.
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    // Every use of unsafe memory is marked `unsafe`.
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

func ours(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// A room of the engine: a folder of Sources/Engine.
func room(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Sources/Engine/\(name)",
        swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: name,
        dependencies: dependencies + ["TestSupport"],
        swiftSettings: strict)
}

/// Tests of a room of the engine, with models to try it on.
func engineTests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    tests(
        name,
        dependencies + [
            "EngineTestSupport", "TensorMath", external("SystemPackage", "swift-system"),
        ])
}

func external(_ name: String, _ package: String) -> Target.Dependency {
    .product(name: name, package: package)
}

let package = Package(
    name: "layerfold",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "layerfold", targets: ["layerfold"]),
        .executable(name: "layerfoldd", targets: ["layerfoldd"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-system", exact: "1.8.1"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", exact: "1.0.2"),
    ],
    targets: [
        // Level 0: C libraries and our own C kernels.
        .systemLibrary(
            name: "CBLAS", providers: [.apt(["libopenblas-dev", "liblapacke-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "COneDNN", providers: [.apt(["libdnnl-dev"])]),
        .systemLibrary(
            name: "CPCRE2", pkgConfig: "libpcre2-8", providers: [.apt(["libpcre2-dev"])]),
        .systemLibrary(name: "COpenMP", providers: [.apt(["libgomp1"])]),
        .target(name: "Kernels"),
        .target(
            name: "BuiltInTexts",
            exclude: [
                "README.md", "calibration.jsonl", "heldout.txt", "calibration-prompts.jsonl",
                "calibration-openings.jsonl", "generation-prompts.jsonl",
            ]),

        // Level 1: who has to act on a failure, JSON, arithmetic, durable files, and the words of a
        // job; nothing about models.
        ours("Failures", []),
        ours("JSON", ["Failures", external("OrderedCollections", "swift-collections")]),
        ours("DurableIO", ["Failures", external("SystemPackage", "swift-system")]),
        ours(
            "TensorMath",
            [
                "Failures", "DurableIO", "Kernels", "CBLAS", "COneDNN", "COpenMP",
                external("SystemPackage", "swift-system"),
            ]),
        ours("HTTP", ["Failures", "DurableIO"]),
        ours("Catalogue", []),
        ours("PythonText", []),
        // Of Yams only the libyaml in it, `CYaml`.
        ours("Jobs", ["Failures", "Catalogue", external("Yams", "Yams")]),

        // Level 2: siblings that never meet below Runner.
        ours(
            "Store",
            [
                "Failures", "JSON", "DurableIO", "CZstd", external("Crypto", "swift-crypto"),
                external("GRDB", "GRDB.swift"), external("SystemPackage", "swift-system"),
            ]),
        // The engine, room by room: each knows only rooms above it.
        room("Schemes", ["Failures", "JSON", "TensorMath"]),
        room(
            "Checkpoint",
            [
                "Failures", "JSON", "Schemes", "TensorMath", "DurableIO",
                external("OrderedCollections", "swift-collections"),
                external("SystemPackage", "swift-system"),
            ]),
        room(
            "Tokenizer",
            [
                "Failures", "JSON", "DurableIO", "CPCRE2",
                external("SystemPackage", "swift-system"),
            ]),
        room(
            "ChatTemplate",
            [
                "Failures", "JSON", "DurableIO", "PythonText",
                external("SystemPackage", "swift-system"),
            ]),
        room(
            "Texts",
            [
                "Failures", "JSON", "Tokenizer", "ChatTemplate", "TensorMath", "DurableIO",
                "BuiltInTexts", "PythonText",
                external("SystemPackage", "swift-system"),
            ]),
        room("Model", ["Failures", "JSON", "Schemes", "Checkpoint", "TensorMath"]),
        room(
            "Generation",
            [
                "Failures", "JSON", "Checkpoint", "Tokenizer", "ChatTemplate", "Texts", "Model",
                "TensorMath", "DurableIO", external("SystemPackage", "swift-system"),
            ]),
        room(
            "Evaluation",
            [
                "Failures", "JSON", "Tokenizer", "Texts", "Model", "Generation", "Catalogue",
                "TensorMath", "PythonText", "DurableIO",
            ]),
        room("Analysis", ["Failures", "Model", "TensorMath"]),
        room(
            "Compression",
            [
                "Failures", "JSON", "Checkpoint", "Model", "Evaluation", "Analysis", "Catalogue",
                "TensorMath", "DurableIO", external("SystemPackage", "swift-system"),
            ]),
        room(
            "Quantization",
            [
                "Failures", "JSON", "Schemes", "Checkpoint", "Model", "Catalogue", "TensorMath",
                "DurableIO", external("SystemPackage", "swift-system"),
            ]),

        room(
            "Export",
            [
                "Failures", "JSON", "Checkpoint", "Tokenizer", "ChatTemplate", "Model",
                "Generation", "TensorMath", "DurableIO",
                external("SystemPackage", "swift-system"),
            ]),

        // Figures come in as values: no numerics.
        ours("Report", ["Failures", "JSON", "Catalogue"]),
        // What the daemon shows in a browser, made of values.
        ours("Pages", ["Failures", "Jobs", "Catalogue", "Report"]),

        ours(
            "Locations",
            [
                "Failures", "DurableIO", "Catalogue", "Jobs",
                external("SystemPackage", "swift-system"),
            ]),
        ours(
            "Publication",
            [
                "Failures", "DurableIO", external("Crypto", "swift-crypto"),
                external("SystemPackage", "swift-system"),
            ]),

        // Units of work for other machines: how a job is cut, what became of each, and how their
        // queue is spoken to.
        ours(
            "Cluster",
            [
                "Failures", "DurableIO", "Jobs", "Catalogue",
                external("Subprocess", "swift-subprocess"),
                external("SystemPackage", "swift-system"),
            ]),

        // What people are told of their jobs, and how that leaves the machine.
        ours(
            "Letters",
            [
                "Failures", "DurableIO", "Jobs", external("Crypto", "swift-crypto"),
                external("Subprocess", "swift-subprocess"),
                external("SystemPackage", "swift-system"),
            ]),

        // Level 3: a job's stages through the cache; the road from inbox to result.
        ours(
            "Runner",
            [
                "Failures", "JSON", "Checkpoint", "Tokenizer", "ChatTemplate", "Texts", "Model",
                "Generation", "Evaluation", "Analysis", "Compression", "Schemes", "Quantization",
                "Export", "Report", "Locations", "Publication", "Store", "Jobs", "Catalogue",
                "DurableIO", "TensorMath",
                external("SystemPackage", "swift-system"),
            ]),
        ours(
            "Daemon",
            [
                "Failures", "Locations", "Publication", "Jobs", "Store", "DurableIO", "Catalogue",
                "HTTP", "Report", "Pages", "Letters", "Cluster",
                external("Crypto", "swift-crypto"), external("Logging", "swift-log"),
                external("ServiceLifecycle", "swift-service-lifecycle"),
                external("Subprocess", "swift-subprocess"),
                external("SystemPackage", "swift-system"),
            ]),

        // The daemon as its users see it.
        ours("Client", ["Failures", "DurableIO", "Jobs"]),

        // Level 4: thin programs.
        .executableTarget(
            name: "layerfoldd",
            dependencies: [
                "Daemon", "Failures", "Jobs", "Catalogue",
                external("ArgumentParser", "swift-argument-parser"),
                external("SystemPackage", "swift-system"),
                external("Logging", "swift-log"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "layerfold",
            dependencies: [
                "Failures", "Checkpoint", "Tokenizer", "ChatTemplate", "Texts", "Model",
                "Generation",
                "Evaluation", "Compression", "Export", "Report", "Runner", "Client", "Locations",
                "Letters", "Publication", "Store",
                "Jobs", "Cluster",
                "Catalogue",
                "DurableIO", "TensorMath",
                external("ArgumentParser", "swift-argument-parser"),
                external("SystemPackage", "swift-system"),
            ],
            swiftSettings: strict),

        // Measured by Benchmarks/run; no product.
        .executableTarget(
            name: "layerfold-benchmark",
            dependencies: [
                "Analysis", "Runner", "Store", "TensorMath",
                external("SystemPackage", "swift-system"),
            ],
            path: "Benchmarks/Measure", swiftSettings: strict),

        // Parsers against damaged files; no product.
        .executableTarget(
            name: "layerfold-fuzz",
            dependencies: [
                "JSON", "Checkpoint", "Model", "Tokenizer", "ChatTemplate", "Report", "Store",
                "Jobs",
                "TensorMath", "HTTP",
                external("ArgumentParser", "swift-argument-parser"),
                external("SystemPackage", "swift-system"),
            ],
            path: "Tests/Fuzz", swiftSettings: strict),

        // Tests.
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: strict),
        tests("JSONTests", ["JSON"]),
        tests(
            "KernelsTests",
            ["TensorMath", "Kernels", "DurableIO", external("SystemPackage", "swift-system")]),
        tests("DurableIOTests", ["DurableIO", "Failures"]),
        tests("HTTPTests", ["HTTP", "DurableIO"]),
        tests("JobsTests", ["Jobs", "Catalogue", "Failures"]),
        tests(
            "LocationsTests",
            [
                "Locations", "Jobs", "Failures", "DurableIO",
                external("SystemPackage", "swift-system"),
            ]),
        tests("StoreTests", ["JSON", "Store", "DurableIO", "Publication"]),
        tests(
            "PublicationTests",
            ["Publication", "DurableIO", external("SystemPackage", "swift-system")]),
        .target(
            name: "EngineTestSupport",
            dependencies: [
                "TestSupport", "Checkpoint", "Model", "TensorMath",
                external("SystemPackage", "swift-system"),
            ],
            path: "Tests/EngineTestSupport", swiftSettings: strict),
        engineTests("SchemesTests", ["JSON", "Schemes"]),
        engineTests("CheckpointTests", ["JSON", "Schemes", "Checkpoint", "DurableIO"]),
        engineTests("TokenizerTests", ["Tokenizer"]),
        tests(
            "ChatTemplateTests",
            ["ChatTemplate", "Failures", "JSON", external("SystemPackage", "swift-system")]),
        engineTests("TextsTests", ["Failures", "Texts"]),
        engineTests("ModelTests", ["JSON", "Model", "Checkpoint"]),
        engineTests(
            "GenerationTests",
            ["Catalogue", "Texts", "Generation", "Model", "Checkpoint", "Tokenizer"]),
        engineTests(
            "EvaluationTests",
            [
                "JSON", "Evaluation", "Texts", "Tokenizer", "Model", "Generation", "Checkpoint",
                "Catalogue",
            ]),
        engineTests("AnalysisTests", ["Analysis", "Model", "Checkpoint"]),
        engineTests(
            "CompressionTests",
            [
                "Compression", "Analysis", "Model", "Tokenizer", "Checkpoint", "Schemes",
                "Catalogue",
            ]),
        engineTests(
            "QuantizationTests",
            [
                "JSON", "Quantization", "Schemes", "Model", "Checkpoint", "Catalogue", "DurableIO",
            ]),
        engineTests(
            "ExportTests",
            ["Export", "JSON", "Model", "Checkpoint", "DurableIO", "Store", "Tokenizer"]),
        tests("ReportTests", ["JSON", "Report", "TensorMath"]),
        tests("ClusterTests", ["Cluster", "Jobs", "Failures"]),
        tests("PagesTests", ["Failures", "Jobs", "Catalogue", "Report", "Pages"]),
        tests(
            "RunnerTests",
            [
                "JSON", "Runner", "Jobs", "Catalogue", "Failures", "Compression", "Evaluation",
                "Analysis", "Model", "Report", "Texts", "Quantization", "Schemes",
                "Tokenizer", "Checkpoint", "TensorMath", "DurableIO", "Store", "Locations",
                "Cluster",
                external("SystemPackage", "swift-system"),
            ]),
        tests(
            "LettersTests",
            [
                "Letters", "Jobs", "Failures", "DurableIO", "HTTP",
                external("SystemPackage", "swift-system"),
            ]),
        tests(
            "DaemonTests",
            [
                "Daemon", "Letters", "Client", "HTTP", "Failures", "JSON", "Jobs", "Store",
                "DurableIO", "Publication", "Cluster",
            ]),
        tests(
            "CommandLineTests",
            [
                "layerfold", "Cluster", "DurableIO", "Failures", "Jobs", "Report", "Store",
                external("SystemPackage", "swift-system"),
            ]),
        tests("TidyTests", ["Jobs"]),
    ])
