import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.elasticsearch.client.internal.node.NodeClient;
import org.elasticsearch.cluster.metadata.IndexNameExpressionResolver;
import org.elasticsearch.cluster.node.DiscoveryNodes;
import org.elasticsearch.common.io.stream.NamedWriteableRegistry;
import org.elasticsearch.common.settings.ClusterSettings;
import org.elasticsearch.common.settings.IndexScopedSettings;
import org.elasticsearch.common.settings.Setting;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.common.settings.SettingsFilter;
import org.elasticsearch.core.TimeValue;
import org.elasticsearch.features.NodeFeature;
import org.elasticsearch.index.mapper.KeywordFieldMapper;
import org.elasticsearch.index.mapper.Mapper;
import org.elasticsearch.index.mapper.TextFieldMapper;
import org.elasticsearch.ingest.AbstractProcessor;
import org.elasticsearch.ingest.ConfigurationUtils;
import org.elasticsearch.ingest.IngestDocument;
import org.elasticsearch.ingest.Processor;
import org.elasticsearch.plugins.ActionPlugin;
import org.elasticsearch.plugins.IngestPlugin;
import org.elasticsearch.plugins.MapperPlugin;
import org.elasticsearch.plugins.Plugin;
import org.elasticsearch.rest.BaseRestHandler;
import org.elasticsearch.rest.RestController;
import org.elasticsearch.rest.RestHandler;
import org.elasticsearch.rest.RestRequest;
import org.elasticsearch.rest.RestResponse;
import org.elasticsearch.rest.RestStatus;
import org.elasticsearch.xcontent.NamedXContentRegistry;
import org.elasticsearch.xcontent.ParseField;
import org.elasticsearch.xpack.core.ilm.DeleteAction;
import org.elasticsearch.xpack.core.ilm.LifecycleAction;
import org.elasticsearch.xpack.core.ilm.LifecyclePolicy;
import org.elasticsearch.xpack.core.ilm.LifecycleSettings;
import org.elasticsearch.xpack.core.ilm.LifecycleType;
import org.elasticsearch.xpack.core.ilm.RolloverAction;
import org.elasticsearch.xpack.core.ilm.TimeseriesLifecycleType;
import org.elasticsearch.xpack.core.ilm.action.PutLifecycleRequest;

/** What our templates name of modules that Maven Central does not have. */
public class StandIns extends Plugin implements ActionPlugin, IngestPlugin, MapperPlugin {
    /** The two types as the nearest ones of the server: neither value nor memory is held. */
    @Override
    public Map<String, Mapper.TypeParser> getMappers() {
        return Map.of(
            "match_only_text", TextFieldMapper.PARSER,
            "constant_keyword", (name, node, context) -> {
                node.remove("value");
                return KeywordFieldMapper.PARSER.parse(name, node, context);
            }
        );
    }

    @Override
    public List<Setting<?>> getSettings() {
        return List.of(LifecycleSettings.LIFECYCLE_NAME_SETTING);
    }

    @Override
    public List<NamedXContentRegistry.Entry> getNamedXContent() {
        return List.of(
            new NamedXContentRegistry.Entry(LifecycleType.class,
                new ParseField(TimeseriesLifecycleType.TYPE), parser -> TimeseriesLifecycleType.INSTANCE),
            new NamedXContentRegistry.Entry(LifecycleAction.class,
                new ParseField(RolloverAction.NAME), RolloverAction::parse),
            new NamedXContentRegistry.Entry(LifecycleAction.class,
                new ParseField(DeleteAction.NAME), DeleteAction::parse)
        );
    }

    /** Sets the field to the time of the ingestion, whatever the value says. */
    @Override
    public Map<String, Processor.Factory> getProcessors(Processor.Parameters parameters) {
        return Map.of("set", (factories, tag, description, config) -> {
            String field = ConfigurationUtils.readStringProperty("set", tag, config, "field");
            String value = ConfigurationUtils.readStringProperty("set", tag, config, "value");
            if (!value.equals("{{{_ingest.timestamp}}}")) {
                throw new IllegalArgumentException("the stand-in knows one value only");
            }
            return new AbstractProcessor(tag, description) {
                @Override
                public IngestDocument execute(IngestDocument document) {
                    document.setFieldValue(field, document.getIngestMetadata().get("timestamp").toString());
                    return document;
                }

                @Override
                public String getType() {
                    return "set";
                }
            };
        });
    }

    @Override
    public Collection<RestHandler> getRestHandlers(
        Settings settings,
        NamedWriteableRegistry writeables,
        RestController controller,
        ClusterSettings clusterSettings,
        IndexScopedSettings indexSettings,
        SettingsFilter filter,
        IndexNameExpressionResolver names,
        Supplier<DiscoveryNodes> nodes,
        Predicate<NodeFeature> features
    ) {
        return List.of(new Lifecycle());
    }

    /** Reads and checks a policy with Elastic's own classes, and runs nothing. */
    private static class Lifecycle extends BaseRestHandler {
        @Override
        public String getName() {
            return "stand_in_for_ilm";
        }

        @Override
        public List<Route> routes() {
            return List.of(new Route(RestRequest.Method.PUT, "/_ilm/policy/{name}"));
        }

        @Override
        protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) throws java.io.IOException {
            String name = request.param("name");
            PutLifecycleRequest.Factory factory = new PutLifecycleRequest.Factory() {
                @Override
                public PutLifecycleRequest create(LifecyclePolicy policy) {
                    return new PutLifecycleRequest(TimeValue.ZERO, TimeValue.ZERO, policy);
                }

                @Override
                public String getPolicyName() {
                    return name;
                }
            };
            PutLifecycleRequest put;
            try (var parser = request.contentParser()) {
                put = PutLifecycleRequest.parseRequest(factory, parser);
            }
            var invalid = put.validate();
            if (invalid != null) {
                throw invalid;
            }
            int steps = put.getPolicy().toSteps(client, null).size();
            return channel -> channel.sendResponse(new RestResponse(RestStatus.OK,
                channel.newBuilder().startObject().field("acknowledged", true).field("steps", steps).endObject()));
        }
    }
}
