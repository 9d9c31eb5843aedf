import org.codelibs.opensearch.runner.OpenSearchRunner;
import org.opensearch.http.HttpServerTransport;

/** One OpenSearch node, alone, on free ports of the loopback, until stdin ends. */
class Node {
    public static void main(String[] args) throws Exception {
        OpenSearchRunner runner = new OpenSearchRunner();
        runner.onBuild((number, settings) -> {
            settings.put("discovery.type", "single-node");
            settings.putList("node.roles", "cluster_manager", "data", "ingest");
            settings.put("http.port", "0");
            settings.put("transport.port", "0");
            settings.put("cluster.routing.allocation.disk.threshold_enabled", "false");
        }).build(OpenSearchRunner.newConfigs().basePath(args[0]).numOfNode(1));
        int port = runner.node().injector().getInstance(HttpServerTransport.class)
            .boundAddress().publishAddress().getPort();
        System.out.println();
        System.out.println("listening on " + port);
        System.out.flush();
        while (System.in.read() >= 0) {
            continue;
        }
        runner.close();
    }
}
