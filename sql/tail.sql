
-- functions are PUBLIC's by default; who may do what is for the installation to say
REVOKE ALL ON ALL ROUTINES IN SCHEMA interactions, interactions_v1 FROM PUBLIC;
