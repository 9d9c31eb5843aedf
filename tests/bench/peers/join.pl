#!/usr/bin/perl
# What a good administrator writes on a quiet afternoon: keeps the openings of sessions,
# and prints one line of JSON for each AUTH result. No schema, no ids, no time zone, one
# appliance. Its arguments are the framing: native, syslog or json; and `ids` for an id of
# each event, of the raw line and those of its connection, and a hash of the user.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);

my %leads = (
    native => qr/^\w{3} (\w{3} [ \d]\d [\d:]{8} \d{4}) Info: /,
    syslog => qr/^<\d+>(\w{3} [ \d]\d [\d:]{8}) \S+ \S+: Info: /,
    json   => qr/^\{"message": "\w{3} (\w{3} [ \d]\d [\d:]{8} \d{4}) Info: /,
);
my $lead = $leads{ shift // 'native' };
my $ids  = shift;
my ( %session, $user );
while (<STDIN>) {
    # Most lines are of no interest, and this is the cheapest way to tell.
    next unless / Info: (?:New SMTP I|SMTP Auth|ICID \d+ close|DCID: )/;
    next unless /$lead/g;
    my $stamp = $1;
    if (/\GNew SMTP ICID (\d+) interface (.+?) \((\S+)\) address (\S+) reverse dns host (.*?) verified (yes|no)/) {
        $session{$1} = [ $2, $3, $4, $5, $ids ? $_ : '' ];
    }
    elsif (/\GICID (\d+) close/) {
        delete $session{$1};
    }
    elsif (/\GSMTP Auth: \(ICID (\d+)\) (succeeded|failed) for user: (.*) using AUTH mechanism: (\S+) with profile: ([^"\n]*)/) {
        my ( $icid, $outcome, $mechanism, $profile ) = ( $1, $2, $4, $5 );
        ( $user = $3 ) =~ s/(["\\])/\\$1/g;
        my $known = $session{$icid} || [ '', '', '', '', '' ];
        print $ids ? identified( $known->[4], $user ) : '{', qq("time":"$stamp","icid":$icid,"outcome":"$outcome","user":"$user",)
          . qq("mechanism":"$mechanism","profile":"$profile","listener":"$known->[0]",)
          . qq("listener_ip":"$known->[1]","client_ip":"$known->[2]","name":"$known->[3]"}\n);
    }
    elsif (/\GDCID: (\d+) IP: (\S+) SMTP authentication using the profile (.*?) (succeeded|failed)/) {
        print $ids ? identified( '', '' ) : '{', qq("time":"$stamp","dcid":$1,"ip":"$2","profile":"$3","outcome":"$4"}\n);
    }
}

# The beginning of an event: its id, and a hash of the user.
sub identified {
    my ( $opening, $name ) = @_;
    return sprintf '{"id":"%s","user_hash":"%s",', sha256_hex( $opening, $_ ), sha256_hex($name);
}
